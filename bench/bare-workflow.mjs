import { proxyActivities } from '@temporalio/workflow';

const { step1, step2, step3, step4 } = proxyActivities({ startToCloseTimeout: '10s' });

/** What the governed cycle is measured against: regular activities in a row (four, as T1 … T4), and nothing else. */
export async function bareWorkflow(input, steps = 4) {
  await step1(input);
  for (let n = 4; n < steps; n += 1) await step2(input);
  await step2(input);
  await step3(input);
  return step4(input);
}
