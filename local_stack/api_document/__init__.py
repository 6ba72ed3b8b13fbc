"""The API's document: OpenAPI 3.1, made of the routes of the functions, kept at docs/openapi.json."""
