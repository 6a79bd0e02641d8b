"""How fast is it? `python -m benchmarks` measures autograd_mini beside other ways to a gradient."""
