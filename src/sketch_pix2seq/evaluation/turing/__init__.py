"""The paper's test with people: who drew this, a human or a computer? (Figures 2, 3; Table 3)."""
