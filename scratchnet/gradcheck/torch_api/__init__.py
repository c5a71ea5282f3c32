"""gradcheck and gradgradcheck as torch.autograd has them."""
