"""What is learnt offline, from outcomes: the only importer of scikit-learn. The server never imports this room."""
