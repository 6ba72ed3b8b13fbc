"""What the product does: one use case a module, on the rules of the domain and the Protocols of `ports`."""
