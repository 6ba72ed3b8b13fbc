"""The tables: numbers, devices, registrations and macros; `docs/data-model.md` says what stands in each item."""
