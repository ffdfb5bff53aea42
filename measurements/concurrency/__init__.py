"""The ground floor of what runs at the same time: locks between processes, and threads that send messages."""
