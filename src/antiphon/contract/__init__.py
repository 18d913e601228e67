"""What crosses NATS: frozen message types and subject names, without logic."""
