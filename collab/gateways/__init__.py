"""The WebSocket doors, one for each dialect. They stand in front of the HTTP framework, so that nothing wraps their `send`."""
