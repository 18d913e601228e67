"""Model families behind two small protocols, and the store that fetches their files."""
