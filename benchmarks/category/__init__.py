"""How well requests are categorised, on requests that nothing was made with."""
