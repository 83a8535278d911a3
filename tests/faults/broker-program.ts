// The simulated broker as a program of three parts, in one module, so that a copy of it can be bundled with a
// protection taken out.
export { answerBridge } from '../../infra/local/broker/bridge-webhook.ts';
export { BrokerHost } from '../../infra/local/broker/broker-host.ts';
export { answerControl } from '../../infra/local/broker/control-server.ts';
