#!/usr/bin/env bash
# A default in a devcontainer.json ends at its first colon: of `${localEnv:BASE:nginx:1.27}` the image is `nginx`, and of a proxy's address "http" is left.
#
# Version: @devcontainers/cli 0.89.0 of npm, with which a development container is built and started in CI; Node.js from the machine.
# Behaviour: what stands behind another colon is dropped without a word, wherever the text is used: as image, in `runArgs`, as a variable. A
# default ends at the first closing brace, too. It is not that of a shell's `:-`: a variable that is set to nothing stays
# empty. `${env:BASE}` is `${localEnv:BASE}`. A name that does not exist (`${LOCALENV:BASE}`) is left as it stands.
# Guessed: that the default is all up to the closing brace.
# Seen: for each text, as a variable and as an argument, what `devcontainer read-configuration` makes
# of it where BASE is not set, is empty, and is set; then that of the image.
# What follows: write a default without a colon, such as a tag alone (`nginx:${localEnv:TAG:1.27}`).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @devcontainers/cli@0.89.0
mkdir .devcontainer
cat >look.js <<'JS'
const { execFileSync } = require('node:child_process');
const { writeFileSync } = require('node:fs');

const texts = [
    '${localEnv:BASE:nginx}', '${localEnv:BASE:nginx:1.27}', '${localEnv:BASE:registry.example.com:5000/nginx}', 'nginx:${localEnv:BASE:1.27}',
    '${localEnv:BASE:http://proxy.example.com:3128}', '${localEnv:BASE:{"a": 1}}', '${localEnv:BASE}', '${env:BASE:nginx}', '${LOCALENV:BASE}',
];
writeFileSync('.devcontainer/devcontainer.json', JSON.stringify({ image: texts[1], containerEnv: Object.fromEntries(texts.map((text, at) => [`text${at}`, text])), runArgs: texts }));
const { BASE, ...environment } = process.env;
const read = [{}, { BASE: '' }, { BASE: 'debian:13' }].map((more) =>
    JSON.parse(execFileSync('node_modules/.bin/devcontainer', ['read-configuration', '--workspace-folder', '.'], { env: { ...environment, ...more }, stdio: ['ignore', 'pipe', 'ignore'] })).configuration);
texts.forEach((text, at) => {
    const [not, empty, set] = read.map(({ containerEnv, runArgs }) => (containerEnv[`text${at}`] === runArgs[at] ? runArgs[at] : 'two values'));
    console.log(`${text}: not set '${not}', empty '${empty}', set '${set}'`);
});
console.log(`image: '${read[0].image}' of ${texts[1]}`);
JS
node look.js | tee seen
diff - seen <<'SEEN'
${localEnv:BASE:nginx}: not set 'nginx', empty '', set 'debian:13'
${localEnv:BASE:nginx:1.27}: not set 'nginx', empty '', set 'debian:13'
${localEnv:BASE:registry.example.com:5000/nginx}: not set 'registry.example.com', empty '', set 'debian:13'
nginx:${localEnv:BASE:1.27}: not set 'nginx:1.27', empty 'nginx:', set 'nginx:debian:13'
${localEnv:BASE:http://proxy.example.com:3128}: not set 'http', empty '', set 'debian:13'
${localEnv:BASE:{"a": 1}}: not set '{"a"}', empty '}', set 'debian:13}'
${localEnv:BASE}: not set '', empty '', set 'debian:13'
${env:BASE:nginx}: not set 'nginx', empty '', set 'debian:13'
${LOCALENV:BASE}: not set '${LOCALENV:BASE}', empty '${LOCALENV:BASE}', set '${LOCALENV:BASE}'
image: 'nginx' of ${localEnv:BASE:nginx:1.27}
SEEN
echo "as it was seen"
