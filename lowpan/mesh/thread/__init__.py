"""The Thread dialect of MLE: joining a Thread network, and staying in it."""
