"""The real servers and the services as processes of this machine, without Docker."""
