@database_management
Feature: Ended sessions leave nothing behind
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Serve a growing number of visitors with the same machines
  Value impact:     The platform is as fast in the evening as it was in the morning
  Strategic impact: Growth does not need restarts at night

  @DBP-04 @segment.free @segment.early @segment.mid @segment.enterprise
  @needs.own_database @needs.own_records @needs.own_services
  Rule: A session that ends releases its connections

    @gate @exclusive
    @needs.sessions @needs.live_events @needs.operator @needs.allowances @needs.accounts
    Scenario Outline: Sessions release everything, however they end
      Given Acme is <a plan> customer with an allowance
      And the resources that every service holds are recorded
      When many sessions of Acme end <in a way>
      Then no service holds more resources than before
      And the API can use every database connection for Acme again

      Examples:
        | a plan        | in a way                   |
        | a Free        | by a log-out               |
        | an Early      | when the browser is closed |
        | a Mid         | when the network drops     |
        | an Enterprise | by a crash during requests |
