"""The PyTorch models on a GPU: the same numbers as on the CPU."""

import pytest


def test_the_gpt_gives_the_same_loss_and_gradients_as_on_the_cpu() -> None:
    import torch

    from course_lib import nn, torch_models

    config = nn.GPTConfig(
        vocab_size=32, context_length=16, d_model=32, num_heads=4, num_layers=2, dropout=0.0
    )
    torch.manual_seed(0)
    model = torch_models.GPT(config)
    ids = torch.randint(0, 32, (4, 17))
    _, loss = model(ids[:, :-1], ids[:, 1:])
    loss.backward()
    grads = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    model.to("cuda")
    _, on_gpu = model(ids[:, :-1].cuda(), ids[:, 1:].cuda())
    on_gpu.backward()
    # float32 with other orders of summation: a few units in the sixth digit
    assert on_gpu.item() == pytest.approx(loss.item(), rel=1e-5)
    for mine, other in zip(grads, model.parameters(), strict=True):
        torch.testing.assert_close(other.grad.cpu(), mine, rtol=1e-3, atol=1e-5)
