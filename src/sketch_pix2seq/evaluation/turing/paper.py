"""What the paper found, for standing beside what is found here.

Source: Chen et al., arXiv 1709.04121, Table 3 and section 4.2.
"""

from __future__ import annotations

from types import MappingProxyType

SHARES = MappingProxyType(
    {"human": 0.58, "cnn": 0.60, "cnn_kl": 0.57, "rnn": 0.53, "rnn_kl": 0.50},
)
"""How often each source's sketches were tagged human. A model of another name has none."""
PARTICIPANTS, LEFT_OUT = 61, 2
