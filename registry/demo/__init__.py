"""The loop once round on a fresh installation, step by step, each step reusing what an earlier turn left."""
