@database_management
Feature: Work leaves no resources behind
  Segment:          Mid and Platform
  Business goal:    Run for months without a restart
  Value impact:     Nothing slows down or fails because of what others did before
  Strategic impact: Operating costs follow the number of customers, not the time since the last restart

  @DBP-10 @segment.mid @segment.platform
  @needs.own_database @needs.own_records @needs.own_services
  Rule: Every resource is released

    @gate @exclusive
    @needs.conversations @needs.messages @needs.message_pages @needs.allowances @needs.operator @needs.accounts
    Scenario: A thousand mixed operations leave nothing behind
      Given ten Mid customers who have done everything once
      And the resources that every service holds are recorded
      When the customers do everything again, a thousand operations in all
      Then no service holds more resources than before
      And the API can use every database connection for Acme again

    @gate @exclusive
    @needs.configuration @needs.hot_reload @needs.operator @needs.pool_metrics @needs.allowances @needs.conversations
    Scenario: A pool that is replaced in use keeps no connection
      Given the API has every connection in use
      And the operator has replaced its pool with one of two connections
      When all transactions end
      Then every response is a success
      And the API keeps at most two database connections
      And the pool metrics match the database
