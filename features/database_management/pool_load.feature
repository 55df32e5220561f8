@database_management
Feature: A few database connections serve many users
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Grow the number of users on the same database
  Value impact:     Responses stay quick when a whole department starts the day at once
  Strategic impact: The database's cost per customer falls as the platform grows

  @DBP-07 @segment.free @segment.early @segment.mid @segment.enterprise
  @needs.own_database @needs.own_services @needs.configuration @needs.pool_metrics
  Rule: Under load, requests reuse connections and wait only briefly

    @gate @exclusive @timing
    @needs.conversations @needs.messages
    Scenario: Fifty users share twenty connections
      Given fifty customers with a conversation each
      And the pool has twenty connections
      When every user makes twenty requests at the same time
      Then every request succeeds or is refused as expected
      And more than 95 % of all requests reuse a connection
      And at least 95 % of all requests get a connection within the target time for pool wait
