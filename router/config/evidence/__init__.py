"""What is known of models' quality before a request: priors, what was learnt offline, local evidence."""
