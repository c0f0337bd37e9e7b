"""Weight formats of 8 and 4 bits, and which tensors of the model take which."""
