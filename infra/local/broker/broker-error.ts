/** A request that cannot be met as asked; the control server answers 400 with the message. */
export class BrokerError extends Error {}
