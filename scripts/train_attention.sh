#!/usr/bin/env bash
# The long training of the model in the package: begins it, or goes on where it was.
#
#   scripts/train_attention.sh QUICKDRAW [RUN]
#
# QUICKDRAW is a folder of Quick, Draw!'s simplified files, one a category; RUN (runs/attention if
# left out) is the run's folder, beside which the data set is made. It can be killed at any moment.
set -euo pipefail
drawings=$1 run=${2:-runs/attention}
data=$(dirname "$run")/quickdraw-345
command=${SKETCH_PIX2SEQ:-sketch-pix2seq}
mkdir -p "$(dirname "$run")"
[ -e "$data" ] || "$command" data prepare "$drawings"/*.ndjson* --out "$data"
exec nice -n 10 "$command" train attention --data "$data" --out "$run" --resume
