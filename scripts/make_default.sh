#!/usr/bin/env bash
# How the model in the package is made: from a folder of Quick, Draw! files to a bundle.
#
#   scripts/make_default.sh QUICKDRAW OUT
#
# QUICKDRAW holds simplified/<category>.ndjson.gz of all categories; everything is written below
# OUT: data set, runs and bundle. The same command goes on where it was interrupted. BROAD, OVERSAMPLED, CLASSIFIER and
# REWARDED set the numbers of steps. The model in the package came about in more and smaller steps, one of them on a
# GPU (scripts/train_on_gpu.py), and is the average of two of them: see docs/LOG.md.
# Each run is a `train` of its own, so a GPU is used where there is one.
set -euo pipefail
quickdraw=$1 out=$2
nine="cat,pig,face,car,teapot,alarm clock,rabbit,bus,truck"
mkdir -p "$out"

prepare() { [ -e "$out/$1" ] || sketch-pix2seq data prepare "${@:2}" --out "$out/$1"; }
prepare all345 "$quickdraw"/simplified/*.ndjson.gz --limit 2500 --epsilon 4

# The model: all categories at one learning rate; then nine of them oversampled; then with rewards by a classifier.
sketch-pix2seq train default --data "$out/all345" --out "$out/broad" --resume --start-from default \
    --set num_steps="${BROAD:-12000}" --set oversample="$nine" --set oversample_share=0.4 \
    --set optimiser.schedule=exponential --set optimiser.decay=1.0
[ -e "$out/broad-bundle" ] || sketch-pix2seq export "$out/broad" --out "$out/broad-bundle"
sketch-pix2seq train default --data "$out/all345" --out "$out/oversampled" --resume --start-from "$out/broad-bundle" \
    --set num_steps="${OVERSAMPLED:-15000}" --set oversample="$nine" --set oversample_share=0.65
[ -e "$out/oversampled-bundle" ] || sketch-pix2seq export "$out/oversampled" --out "$out/oversampled-bundle"
sketch-pix2seq train judge --data "$out/all345" --out "$out/classifier" --resume \
    --set num_steps="${CLASSIFIER:-24600}" --set oversample="$nine" --set oversample_share=0.5 --set seed=1 \
    --set augmentation.jitter=1.5 --set augmentation.line_width=0.3
[ -e "$out/classifier-bundle" ] || sketch-pix2seq export "$out/classifier" --out "$out/classifier-bundle"
sketch-pix2seq train default --data "$out/all345" --out "$out/rewarded" --resume --start-from "$out/oversampled-bundle" \
    --judge "$out/classifier-bundle" --set num_steps="${REWARDED:-9800}" --set oversample="$nine" --set oversample_share=0.75 \
    --set reward.weight=0.6 --set optimiser.learning_rate=3e-4 --set optimiser.warmup_steps=50

sketch-pix2seq export "$out/rewarded" --out "$out/default" --data "$out/all345" --gallery 60 \
    --classifier "$out/classifier-bundle" --temperature 0.5
