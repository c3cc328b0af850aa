"""Commands that make the weights the services ship."""
