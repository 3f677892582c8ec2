#!/usr/bin/env bash
# The paper's comparison at two sizes on two data sets, or what is left of it: hours on two cores.
#
#   scripts/reproduce_paper.sh QUICKDRAW [RUNS]
#
# QUICKDRAW is a folder of Quick, Draw!'s simplified files, one a category; RUNS (runs if left out) is
# where data sets and reports lie. First the small recipes, three trainings of each, with our own decoder
# with and without the picture; then the four at full size, a million drawings for each, on `hand6` and on
# `paper6`, the paper's six categories as far as they are at hand. It can be killed at any moment.
set -euo pipefail
drawings=$1 runs=${2:-runs}
command=${SKETCH_PIX2SEQ:-sketch-pix2seq}

prepare() {  # NAME LIMIT CATEGORY...: makes a data set, if it is not there
  local name=$1 limit=$2 files=() category
  shift 2
  for category in "$@"; do files+=("$drawings/$category".ndjson*); done
  [ -e "$runs/$name" ] || "$command" data prepare "${files[@]}" --out "$runs/$name" --limit "$limit"
}

mkdir -p "$runs"
prepare hand6 2000 cat pig face car teapot "alarm clock"
prepare paper6 100000 cat pig rabbit bus truck car
for data in hand6 paper6; do
  nice -n 10 "$command" reproduce --data "$runs/$data" --out "$runs/report-$data" --seeds 3 \
    --recipe attention --recipe transformer --bundle default
done
for data in hand6 paper6; do
  nice -n 10 "$command" reproduce --data "$runs/$data" --out "$runs/report-$data-million" --preset million \
    --bundle default
done
