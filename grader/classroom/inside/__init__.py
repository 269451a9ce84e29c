"""What runs beside a submission, in its sandbox: it knows no answers, and can be read there."""
