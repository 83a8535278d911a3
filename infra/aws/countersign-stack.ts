import { CfnOutput, Stack } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { Alarms } from './alarms.ts';
import { ApiFunctions } from './api-functions.ts';
import type { AppSettings } from './app-settings.ts';
import { ChartDelivery } from './chart-delivery.ts';
import { DUTIES, type Duty, PICTURING, RECONCILING, SORTING } from './duties.ts';
import { DutyFunction } from './duty-function.ts';
import { secretParameterName } from './function-secrets.ts';
import { TickSchedule } from './schedule.ts';
import { WorkQueue } from './work-queue.ts';

/** A deployment's settings and the folder that holds its `lambda.mjs`. */
export interface CountersignStackProps {
  readonly settings: AppSettings;
  readonly lambdaCodePath: string;
}

/**
 * One deployment of Countersign on AWS. The database and Redis are outside (Neon, Upstash) and reached over HTTPS,
 * so there is no VPC. Environment-agnostic: account and region are whoever deploys it.
 */
export class CountersignStack extends Stack {
  constructor(scope: Construct, id: string, props: CountersignStackProps) {
    const { settings } = props;
    super(scope, id, { description: `Countersign ${settings.stage}` });
    const work = new WorkQueue(this, 'Work');
    // The API exists before its functions, whose settings hold its address; its routes are connected afterwards.
    const api = new ApiFunctions(this, 'Api', settings.throttle);
    const charts = new ChartDelivery(this, 'Charts', {
      apiHost: api.host,
      keyGeneration: settings.mediaKeyGeneration,
      domain: settings.mediaDomain,
    });
    const functions = this.createFunctions(props, work, api, charts);
    api.connect(functions);
    work.deliverTo(functions);
    const tick = new TickSchedule(this, 'Tick', functions.schedule);
    const { topic } = new Alarms(this, 'Alarms', {
      functions,
      deadLetters: work.deadLetters,
      undeliveredTicks: tick.undelivered,
      apiStage: api.stage,
    });

    new CfnOutput(this, 'ApiUrl', { value: api.url });
    new CfnOutput(this, 'ChartsUrl', { value: charts.url });
    new CfnOutput(this, 'AlarmTopic', { value: topic.topicArn });
    new CfnOutput(this, 'SecretParameters', {
      description: 'SecureStrings in Parameter Store; all but TELEGRAM_BOT_TOKEN must exist',
      value: DUTIES.api.secrets.map((key) => secretParameterName(settings.stage, key)).join(' '),
    });
  }

  private createFunctions(
    { settings, lambdaCodePath }: CountersignStackProps,
    work: WorkQueue,
    api: ApiFunctions,
    charts: ChartDelivery,
  ): Record<Duty, DutyFunction> {
    // The map is for a person with a stack trace; in the package it would only slow the cold start.
    const code = Code.fromAsset(lambdaCodePath, { exclude: ['*.map'] });
    const make = (duty: Duty): DutyFunction => {
      const { chartFiles, secrets } = DUTIES[duty];
      const made = new DutyFunction(this, `${duty}-function`, {
        duty,
        stage: settings.stage,
        code,
        reservedConcurrency: settings.reservedConcurrency[duty],
        environment: {
          QUEUE_URL: work.queue.queueUrl,
          ...(RECONCILING.includes(duty) ? { RECONCILE_QUEUE_URL: work.reconciles.queueUrl } : {}),
          ...(SORTING.includes(duty) ? { SLOW_QUEUE_URL: work.slow.queueUrl } : {}),
          ...(PICTURING.includes(duty) ? { PICTURES_QUEUE_URL: work.pictures.queueUrl } : {}),
          PUBLIC_BASE_URL: settings.publicBaseUrl ?? api.url,
          MEDIA_PUBLIC_BASE_URL: charts.url,
          ...(secrets.includes('MEDIA_CDN_PRIVATE_KEY') ? { MEDIA_KEY_PAIR_ID: charts.keyPairId } : {}),
          ...(chartFiles ? { MEDIA_BUCKET: charts.bucket.bucketName } : {}),
        },
      });
      work.grantSend(made);
      if (chartFiles === 'draws') charts.grantFiles(made);
      if (chartFiles === 'prunes') charts.grantDeletion(made);
      return made;
    };
    return {
      ingest: make('ingest'),
      api: make('api'),
      bridge: make('bridge'),
      charts: make('charts'),
      schedule: make('schedule'),
      queue: make('queue'),
      reconcile: make('reconcile'),
      slow: make('slow'),
      pictures: make('pictures'),
    };
  }
}
