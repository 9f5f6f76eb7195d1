"""Whose bill is right: every fixture of every dialect, through Farthing and through litellm."""
