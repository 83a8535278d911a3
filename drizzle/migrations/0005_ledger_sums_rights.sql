GRANT UPDATE (booked, flowed, credited) ON accounts TO countersign_runtime;
--> statement-breakpoint
-- What is stored already: of each deal the version that counts, of one that was cancelled the one before (`booked-sums.ts`).
UPDATE accounts a SET booked = s.booked, flowed = s.flowed, credited = s.credited
FROM (SELECT d.account_id, sum(d.money) AS booked,
    coalesce(sum(d.money) FILTER (WHERE d.type IN ('balance', 'credit', 'bonus', 'correction')), 0) AS flowed,
    coalesce(sum(d.money) FILTER (WHERE d.type = 'credit'), 0) AS credited
  FROM (SELECT DISTINCT ON (account_id, ticket) account_id, type, profit + swap + commission + fee AS money FROM broker_deals
    ORDER BY account_id, ticket, type IN ('buy_canceled', 'sell_canceled'), revision DESC) d GROUP BY d.account_id) s
WHERE s.account_id = a.id;
--> statement-breakpoint
UPDATE trade_legs l SET strategy = t.strategy FROM trades t WHERE t.id = l.trade_id AND t.strategy IS NOT NULL;
