"""What runs in sandboxes: beside a submission, and its tests' referee. No answer is told here."""
