import type { BundleFacts } from './bundle.ts';

/**
 * What stands in a bundle beside the data. Names of settings are those that TRL 1.13 with Transformers 5.18 and
 * Axolotl (its schema of 2026) know; `test/trainer-keys.json` lists them, and a test compares.
 */

export function readme({
  name,
  jobId,
  baseModel,
  method,
  examples,
  validationExamples,
  serverUrl,
}: BundleFacts): string {
  return `# ${name}: training bundle

Training job ${jobId} of CodeSight: ${method === 'DPO' ? 'preferences (DPO)' : 'supervised fine-tuning'} of ${baseModel}
on ${examples} examples, checked with ${validationExamples}.

    pip install "trl[peft]>=1.0" accelerate${method === 'DPO' ? '' : '      # or: pip install axolotl'}
    export CODESIGHT_URL=${serverUrl} CODESIGHT_KEY=...   # a key with the scope TRAIN
    ./launch.sh                             # TRL, all GPUs of this machine${method === 'DPO' ? '' : '; ./launch.sh axolotl for Axolotl'}

- \`data/\` one JSON object a line: \`messages\` and \`tools\`${method === 'DPO' ? ', as `prompt`, `chosen`, `rejected`' : ''}
- \`train_trl.py\` with \`trl.yaml\`${method === 'DPO' ? '' : ', and `axolotl.yaml`'}: the hyperparameters that CodeSight proposed; change what you know better${method === 'DPO' ? '\n- nothing for Axolotl: its preferences read only the text of an answer, and would drop the tool calls' : ''}
- \`launch.sh\` one GPU or many: it counts them; several machines: set NODES, NODE_RANK, MASTER_ADDR
- \`report.py\` the way back: metrics while it trains, then the finished model. It needs Python only

When it is trained, serve it with the API of OpenAI, tool calls included, for example

    vllm serve ${baseModel} --enable-lora --lora-modules tuned=out --enable-auto-tool-choice --tool-call-parser hermes
    python3 report.py done --endpoint https://your-host/v1 --model tuned

and CodeSight can evaluate and deploy it like any other. If it fails: \`python3 report.py failed --reason "..."\`.
The data is as private as the sessions it was made from: keep it where they may be.
`;
}

export function trlConfig(facts: BundleFacts): string {
  const { baseModel, method, hyperparameters, validationExamples } = facts;
  const {
    n_epochs = 2,
    batch_size = 8,
    learning_rate = 2e-4,
    lora_rank = 16,
    beta = 0.1,
  } = hyperparameters;
  return `model_name_or_path: ${yaml(baseModel)}
output_dir: out
num_train_epochs: ${n_epochs}
per_device_train_batch_size: 1
gradient_accumulation_steps: ${batch_size}
learning_rate: ${learning_rate}
lr_scheduler_type: cosine
warmup_steps: ${warmupSteps(facts)}
max_length: 16384
bf16: true
gradient_checkpointing: true
use_peft: true
lora_r: ${lora_rank}
lora_alpha: ${lora_rank * 2}
lora_target_modules: all-linear
${method === 'DPO' ? `beta: ${beta}\n` : ''}eval_strategy: ${validationExamples > 0 ? 'epoch' : 'no'}
logging_steps: 1
save_strategy: epoch
report_to: none
`;
}

/** For supervised training only: Axolotl's preferences know no tool calls. */
export function axolotlConfig(facts: BundleFacts): string {
  const { baseModel, hyperparameters, validationExamples } = facts;
  const { n_epochs = 2, batch_size = 8, learning_rate = 2e-4, lora_rank = 16 } = hyperparameters;
  const dataset = (file: string) => `  - path: data/${file}.jsonl
    ds_type: json
    type: chat_template
    field_messages: messages
    field_tools: tools
    roles_to_train: [assistant]
`;
  return `base_model: ${yaml(baseModel)}
datasets:
${dataset('train')}${validationExamples > 0 ? `test_datasets:\n${dataset('validation')}` : ''}output_dir: out
adapter: lora
lora_r: ${lora_rank}
lora_alpha: ${lora_rank * 2}
lora_target_linear: true
sequence_len: 16384
micro_batch_size: 1
gradient_accumulation_steps: ${batch_size}
num_epochs: ${n_epochs}
learning_rate: ${learning_rate}
optimizer: adamw_torch
lr_scheduler: cosine
warmup_steps: ${warmupSteps(facts)}
bf16: auto
gradient_checkpointing: true
logging_steps: 1
saves_per_epoch: 1
${validationExamples > 0 ? 'evals_per_epoch: 1\n' : ''}`;
}

export const launchScript = `#!/usr/bin/env bash
# ./launch.sh [trl|axolotl]: trains on every GPU of this machine, and tells CodeSight how it goes.
set -euo pipefail
cd "$(dirname "$0")"
with="\${1:-trl}"
gpus="$( (nvidia-smi --list-gpus 2>/dev/null || true) | wc -l)"
[ "$gpus" -gt 0 ] || { echo 'Expected a GPU, nvidia-smi lists none.' >&2; exit 1; }
many=(--num_processes "$((gpus * \${NODES:-1}))" --num_machines "\${NODES:-1}" --machine_rank "\${NODE_RANK:-0}")
[ "\${NODES:-1}" -eq 1 ] || many+=(--main_process_ip "$MASTER_ADDR" --main_process_port "\${MASTER_PORT:-29500}")
watcher=''
if [ -n "\${CODESIGHT_KEY:-}" ] && [ "\${NODE_RANK:-0}" -eq 0 ]; then
  python3 report.py watch out & watcher=$!
fi
tell() {
  code=$?
  [ -z "$watcher" ] || kill "$watcher" 2>/dev/null || true
  [ -z "$watcher" ] || python3 report.py metrics out || true
  if [ "$code" -ne 0 ] && [ -n "$watcher" ]; then
    python3 report.py failed --reason "The trainer ended with code $code." || true
  fi
}
trap tell EXIT
case "$with" in
  trl) accelerate launch "\${many[@]}" train_trl.py --config trl.yaml ;;
  axolotl)
    [ -f axolotl.yaml ] || { echo 'Axolotl cannot train on these preferences; use trl.' >&2; exit 2; }
    accelerate launch "\${many[@]}" -m axolotl.cli.train axolotl.yaml ;;
  *) echo "Expected trl or axolotl, got $with." >&2; exit 2 ;;
esac
echo 'Trained. Serve it, then: python3 report.py done --endpoint URL --model NAME'
`;

export function trlScript({ method }: BundleFacts): string {
  const kind = method === 'DPO' ? 'DPO' : 'SFT';
  return `"""Trains with TRL on data/*.jsonl: python3 train_trl.py --config trl.yaml, under accelerate for many GPUs."""
import json, os

from datasets import Dataset
from transformers import AutoTokenizer
from trl import ModelConfig, ${kind}Config, ${kind}Trainer, TrlParser, get_peft_config

args, model = TrlParser((${kind}Config, ModelConfig)).parse_args_and_config()
tokenizer = AutoTokenizer.from_pretrained(model.model_name_or_path)


def text(messages, tools, **how):
    return tokenizer.apply_chat_template(messages, tools=tools, tokenize=False, **how)


def rows(path):
    # Rendered here: a table of JSON would fill in every argument that another line has.
    with open(path) as file:
        for line in file:
            row = json.loads(line)
            asked = row["prompt"] if "prompt" in row else row["messages"][:-1]
            prompt = text(asked, row["tools"], add_generation_prompt=True)

            def rest(answer):
                whole = text(asked + answer, row["tools"])
                assert whole.startswith(prompt), "The chat template does not continue its own prompt."
                return whole[len(prompt):]

            if "prompt" in row:
                yield {"prompt": prompt, "chosen": rest(row["chosen"]), "rejected": rest(row["rejected"])}
            else:
                yield {"prompt": prompt, "completion": rest(row["messages"][-1:])}


def data(name):
    path = os.path.join("data", name + ".jsonl")
    return Dataset.from_generator(rows, gen_kwargs={"path": path}) if os.path.exists(path) else None


trainer = ${kind}Trainer(
    model=model.model_name_or_path,
    args=args,
    processing_class=tokenizer,
    train_dataset=data("train"),
    eval_dataset=data("validation"),
    peft_config=get_peft_config(model),
)
trainer.train()
trainer.save_model(args.output_dir)
`;
}

export function reportScript({ jobId, serverUrl }: BundleFacts): string {
  return `#!/usr/bin/env python3
"""The way back to CodeSight. Needs Python 3.8 and nothing else.

  report.py metrics DIR                        points of the curve from trainer_state.json below DIR
  report.py watch DIR                          the same, again and again
  report.py done --endpoint URL --model NAME   the finished model, served with the API of OpenAI
  report.py failed --reason TEXT               it did not work

CODESIGHT_URL and CODESIGHT_KEY (scope TRAIN) say where to and who; MODEL_KEY is the endpoint's key, if it has one.
"""
import argparse, glob, json, os, sys, time, urllib.request, uuid

JOB = "${jobId}"
URL = os.environ.get("CODESIGHT_URL", "${serverUrl}").rstrip("/")


def ask(name, kind, input):
    query = "mutation ($input: %s!) { %s(input: $input) { __typename ... on Problem { code message } } }" % (kind, name)
    body = json.dumps({"query": query, "variables": {"input": input}}).encode()
    request = urllib.request.Request(URL + "/graphql", body, {
        "content-type": "application/json",
        "authorization": "Bearer " + os.environ["CODESIGHT_KEY"],
    })
    for wait in (1, 4, 16, 60, None):
        try:
            answer = json.load(urllib.request.urlopen(request, timeout=60))
            break
        except OSError as error:
            if wait is None or getattr(error, "code", 500) < 500:
                raise
            time.sleep(wait)
    said = (answer.get("data") or {}).get(name) or {}
    if answer.get("errors") or "code" in said:
        sys.exit(str(answer.get("errors") or said["message"]))


def operation(*what):
    # The same for the same report: a repeat is told once.
    return str(uuid.uuid5(uuid.UUID(JOB), json.dumps(what)))


def points(folder):
    states = sorted(glob.glob(os.path.join(folder, "**", "trainer_state.json"), recursive=True), key=os.path.getmtime)
    if not states:
        return [], 0
    with open(states[-1]) as file:
        state = json.load(file)
    found = {}
    for row in state["log_history"]:
        point = found.setdefault(int(row["step"]), {"step": int(row["step"])})
        for ours, theirs in (("epoch", "epoch"), ("trainLoss", "loss"), ("validationLoss", "eval_loss"),
                             ("trainAccuracy", "mean_token_accuracy"), ("validationAccuracy", "eval_mean_token_accuracy")):
            if isinstance(row.get(theirs), (int, float)):
                point[ours] = row[theirs]
    return [found[step] for step in sorted(found)], int(state.get("max_steps") or 0)


def metrics(folder, told):
    found, total = points(folder)
    fresh = [point for point in found if told.get(point["step"]) != point]
    for at in range(0, len(fresh), 200):
        part = fresh[at:at + 200]
        ask("reportTrainingMetrics", "ReportTrainingMetricsInput",
            {"trainingJobId": JOB, "points": part, **({"totalSteps": total} if total else {})})
        told.update((point["step"], point) for point in part)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["metrics", "watch", "done", "failed"])
    parser.add_argument("folder", nargs="?", default="out")
    parser.add_argument("--endpoint")
    parser.add_argument("--model")
    parser.add_argument("--reason", default="It failed.")
    given = parser.parse_args()
    if given.what == "metrics":
        metrics(given.folder, {})
    elif given.what == "watch":
        told = {}
        while True:
            try:
                metrics(given.folder, told)
            except (OSError, ValueError) as error:
                print("codesight: %s" % error, file=sys.stderr)
            time.sleep(15)
    elif given.what == "done":
        if not given.endpoint or not given.model:
            parser.error("done needs --endpoint and --model")
        key = os.environ.get("MODEL_KEY")
        ask("completeTraining", "CompleteTrainingInput", {
            "trainingJobId": JOB, "operationId": operation("done", given.endpoint, given.model),
            "endpoint": given.endpoint, "model": given.model, **({"apiKey": key} if key else {})})
    else:
        ask("failTraining", "FailTrainingInput", {
            "trainingJobId": JOB, "operationId": operation("failed", given.reason), "reason": given.reason})


main()
`;
}

/** Three of a hundred steps, one at least, told as a number: a share has another name in every version. */
function warmupSteps({ examples, hyperparameters }: BundleFacts): number {
  const { n_epochs = 2, batch_size = 8 } = hyperparameters;
  return Math.max(1, Math.round((0.03 * examples * n_epochs) / batch_size));
}

function yaml(text: string): string {
  return JSON.stringify(text); // JSON is YAML
}
