"""Training: outcomes and corpora in, frozen numbers out. Offline, and the only importer of scikit-learn."""
