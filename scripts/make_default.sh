#!/usr/bin/env bash
# How the model in the package is made: from a folder of Quick, Draw! files to a bundle.
#
#   scripts/make_default.sh QUICKDRAW OUT
#
# QUICKDRAW holds simplified/<category>.ndjson.gz of all categories; everything is written below
# OUT: data set, runs and bundle. Broken off, it goes on where it was. The numbers of steps can be set: BROAD,
# FRONT, EYES and PRACTICE. The model in the package came about in more and smaller steps, one of them on a graphics
# card (scripts/train_on_gpu.py), and is the average of two of them (scripts/average_bundles.py): docs/LOG.md tells.
# Each run is a `train` of its own, so a graphics card is used where there is one.
set -euo pipefail
quickdraw=$1 out=$2
front="cat,pig,face,car,teapot,alarm clock,rabbit,bus,truck"
mkdir -p "$out"

prepare() { [ -e "$out/$1" ] || sketch-pix2seq data prepare "${@:2}" --out "$out/$1"; }
prepare all345 "$quickdraw"/simplified/*.ndjson.gz --limit 2500 --epsilon 4

# What draws, first of everything, at one learning rate; then with the front in front; then, asking a judge, what
# it draws itself.
sketch-pix2seq train default --data "$out/all345" --out "$out/broad" --resume --start-from default \
    --set num_steps="${BROAD:-12000}" --set focus="$front" --set focus_share=0.4 \
    --set optimiser.schedule=exponential --set optimiser.decay=1.0
[ -e "$out/broad-bundle" ] || sketch-pix2seq export "$out/broad" --out "$out/broad-bundle"
sketch-pix2seq train default --data "$out/all345" --out "$out/front" --resume --start-from "$out/broad-bundle" \
    --set num_steps="${FRONT:-15000}" --set focus="$front" --set focus_share=0.65
[ -e "$out/front-bundle" ] || sketch-pix2seq export "$out/front" --out "$out/front-bundle"
sketch-pix2seq train judge --data "$out/all345" --out "$out/eyes" --resume \
    --set num_steps="${EYES:-24600}" --set focus="$front" --set focus_share=0.5 --set seed=1 \
    --set augmentation.tremble=1.5 --set augmentation.line_width=0.3
[ -e "$out/eyes-bundle" ] || sketch-pix2seq export "$out/eyes" --out "$out/eyes-bundle"
sketch-pix2seq train default --data "$out/all345" --out "$out/practised" --resume --start-from "$out/front-bundle" \
    --judge "$out/eyes-bundle" --set num_steps="${PRACTICE:-9800}" --set focus="$front" --set focus_share=0.75 \
    --set reward.weight=0.6 --set optimiser.learning_rate=3e-4 --set optimiser.warmup_steps=50

sketch-pix2seq export "$out/practised" --out "$out/default" --data "$out/all345" --gallery 60 \
    --classifier "$out/eyes-bundle" --temperature 0.5
