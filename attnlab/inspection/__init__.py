"""Looking inside a trained model: who looked where, on sentence pairs that stand already."""
