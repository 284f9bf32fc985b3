"""What is run while Collab is worked on, and is no part of it."""
