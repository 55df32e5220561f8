@database_management
Feature: Work over several stores ends consistent
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Let customers rely on history, live results and reports at once, whatever breaks underneath
  Value impact:     After an outage a finished run stands everywhere exactly once, and nobody has to compare reports
  Strategic impact: Stores can be chosen for what each does best without a price in correctness

  @DBP-06 @segment.free @segment.early @segment.mid @segment.enterprise
  @needs.live_events @needs.own_records @needs.own_database @needs.partner
  Rule: What belongs to one operation is in every store afterwards, exactly once

    @gate @exclusive
    @needs.job_records @needs.run_numbers @needs.own_services @needs.own_stores
    Scenario Outline: A run that ends while a store is lost is complete everywhere
      Given Acme watches events
      And Acme has started an agent that waits for the partner
      When the <store> is lost <moment> receiving the end of Acme's run
      Then the run is stored as completed
      And Acme has received every event of the run in order, each once
      And every service has one record of each job, and all records and events agree

      Examples:
        | store           | moment |
        | database        | before |
        | database        | while  |
        | database        | after  |
        | event stream    | before |
        | event stream    | while  |
        | event stream    | after  |
        | analytics store | before |
        | analytics store | while  |
        | analytics store | after  |

    @gate
    @needs.redelivery @needs.operator
    Scenario: An event that cannot be delivered holds up no other
      Given Acme watches events
      And Borealis watches events
      And Acme has started an agent that waits for the partner
      When the event stream refuses the end of Acme's run
      Then the operator finds just the end of Acme's run among the undeliverable events, with the reason
      And the first event that Borealis receives is from the next run

    @gate
    @needs.redelivery @needs.operator @needs.run_numbers
    Scenario: An undeliverable event is delivered once nothing prevents it
      Given Acme watches events
      And Acme has started an agent that waits for the partner
      And the event stream has refused the end of Acme's run
      When the operator has the undeliverable event delivered again
      Then Acme has received every event of the run in order, each once
      And the operator finds no undeliverable event
