"""Settings: devices, macros and the cooling settings of customers over the REST API."""
