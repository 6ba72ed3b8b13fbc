"""Release: numbers whose Release Date is reached become available."""
