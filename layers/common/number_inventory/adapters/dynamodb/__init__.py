"""The tables: numbers, devices, registrations, macros, audits; `docs/data-model.md` says what stands in each item."""
