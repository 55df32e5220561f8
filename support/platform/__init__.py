"""The platform as its customers reach it: driver, wire habits, live connections, published documents."""
