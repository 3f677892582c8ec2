"""The paper's test with people: who drew this, a human or a computer? (Figures 2, 3; Table 3).

    create       picks human sketches, lets models redraw them
    study        what a study is and how it is kept
    statistics   shares, differences and their intervals
    outcome      all numbers that the votes on a study come to
    sections     the same in words, tables and figures; `grid` draws Figure 3
    report       the page, and what lies beside it

The site that people see is `sketch_pix2seq.web.turing`.
"""
