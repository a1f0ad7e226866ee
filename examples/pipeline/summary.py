"""One line for each country: its days, and the new cases of all of them."""
import json
import os
import sys

source, target = sys.argv[1:]
lines = []
for name in sorted(os.listdir(source)):
    with open(os.path.join(source, name), encoding='utf-8') as file:
        cases = [json.loads(line)['cases'] for line in file]
    lines.append(f"{name.removesuffix('.jsonl')},{len(cases)},{sum(cases)}\n")
with open(os.path.join(target, 'countries.csv'), 'w', encoding='utf-8', newline='') as file:
    file.writelines(['country,days,cases\n', *lines])
