import { proxyActivities } from '@temporalio/workflow';

const { step1, step2, step3, step4 } = proxyActivities({ startToCloseTimeout: '10s' });

/** What the governed cycle is measured against: four regular activities in a row, and nothing else. */
export async function bareWorkflow(input) {
  await step1(input);
  await step2(input);
  await step3(input);
  return step4(input);
}
