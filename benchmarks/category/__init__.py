"""How well requests are categorised, measured on requests that nothing was developed with."""
