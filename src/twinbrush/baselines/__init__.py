"""The rivals, written from their papers: who they are, what they lack, in docs/evaluation.md."""
