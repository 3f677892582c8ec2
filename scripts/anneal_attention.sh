#!/usr/bin/env bash
# Ends the long training early: a new run from its best weights, whose learning rate falls to zero.
#
#   scripts/anneal_attention.sh [RUN [STEPS]]
#
# RUN is the long run that scripts/train_attention.sh began (runs/attention if left out); the new one
# lies beside it, as RUN-annealed. It can be killed at any moment, and goes on where it was.
set -euo pipefail
run=${1:-runs/attention} steps=${2:-6000}
command=${SKETCH_PIX2SEQ:-sketch-pix2seq}
start=$run-annealed-start
[ -e "$start" ] || "$command" export "$run" --out "$start"
export OMP_WAIT_POLICY=passive
exec nice -n 10 "$command" train attention --data "$(dirname "$run")/quickdraw-345" \
  --out "$run-annealed" --start-from "$start" --resume --set num_steps="$steps" \
  --set optimiser.learning_rate=0.00037 --set optimiser.min_learning_rate=1e-6
