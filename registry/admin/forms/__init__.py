"""Forms that run one action each."""
