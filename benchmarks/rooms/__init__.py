"""What each room costs a request, at many sizes, so that a regression names its room."""
