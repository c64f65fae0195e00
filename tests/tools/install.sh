#!/usr/bin/env bash
# Tools that some tests use and skip without: Khronos' glTF validator (needs npm) and Chromium (needs root on Debian).
# Installs what can be installed here and says what cannot; never fails.
cd "$(dirname "$0")/../.." || exit 0
if [ ! -d .tools/node_modules/gltf-validator ] || [ ! -d .tools/node_modules/three ]; then
  if command -v npm >/dev/null; then
    npm install --silent --no-audit --no-fund --prefix .tools gltf-validator@2.0.0-dev.3.10 three@0.187.0 \
      || echo "gltf-validator and three could not be installed: their tests will skip" >&2
  else
    echo "npm is missing: the tests with Khronos' validator and three.js will skip" >&2
  fi
fi
if ! command -v chromium chromium-browser google-chrome google-chrome-stable >/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >/dev/null \
      || echo "Chromium could not be installed: the viewer's browser tests will skip" >&2
  else
    echo "Chromium is missing: the viewer's browser tests will skip (Debian: apt-get install chromium)" >&2
  fi
fi
exit 0
