@database_management
Feature: A broken database connection is replaced unseen
  Segment:          Free, Mid and Enterprise
  Business goal:    Keep network faults inside the data centre away from customers
  Value impact:     A request works at the first attempt, also right after a fault
  Strategic impact: Maintenance of the network needs no window of its own

  @DBP-12 @segment.free @segment.mid @segment.enterprise
  @needs.own_database @needs.own_records @needs.own_services
  Rule: No request of a customer fails because of a broken connection

    @gate @exclusive
    @needs.accounts @needs.conversations @needs.job_records
    Scenario Outline: Requests succeed at the first attempt after every connection broke
      Given Acme is <a plan> customer
      And every service has used several database connections at once for Acme
      When Acme sends several requests to every service after every database connection <breaks>
      Then every response is a success
      And the slowest response arrives within the target time for replacing a broken connection

      Examples:
        | a plan        | breaks                   |
        | a Free        | is ended by the database |
        | a Mid         | is reset                 |
        | an Enterprise | stops responding         |

    @gate @exclusive
    @needs.live_events @needs.sessions
    Scenario Outline: A log-out is still noticed after every connection broke
      Given Acme is a Mid customer
      And Acme watches events
      When Acme logs out after every database connection <breaks>
      Then Acme's live connection is closed once notifications resume, because the session is over
      And every service is ready again in time

      Examples:
        | breaks                   |
        | is ended by the database |
        | stops responding         |

    @gate @exclusive
    @needs.live_events @needs.run_numbers
    Scenario Outline: A run requested after every connection broke completes
      Given Acme is an Enterprise customer with stored usage
      And Acme watches events
      When Acme starts a usage report after every database connection <breaks>
      Then Acme has received every event of the run in order, each once
      And the answer equals the totals of Acme's own usage

      Examples:
        | breaks                   |
        | is ended by the database |
        | stops responding         |
