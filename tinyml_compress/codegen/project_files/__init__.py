"""Templates of the generated project; `tc_model` in them stands for the model's name."""
