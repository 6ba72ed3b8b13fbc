"""The command line as an operator runs it: the program itself, on a local AWS and a played device."""
