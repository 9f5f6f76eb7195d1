"""What each room of a request's walk costs, at many sizes, so that a regression names its room."""
