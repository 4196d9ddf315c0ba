"""What the screens share: the frame, asking, filters, the document view, charts, the probe card."""
